<?php
// worker.php - Run this as a separate process

$apiKey = getenv('SPOOLED_API_KEY');
$baseUrl = getenv('SPOOLED_URL') ?: 'https://api.spooled.cloud';
$workerId = gethostname() . '-' . getmypid();
$queue = 'emails';

echo "Worker {$workerId} starting...\n";

while (true) {
    // Fetch next job
    $response = file_get_contents("{$baseUrl}/api/v1/jobs/dequeue", false, stream_context_create([
        'http' => [
            'method' => 'POST',
            'header' => [
                "Authorization: Bearer {$apiKey}",
                "Content-Type: application/json",
            ],
            'content' => json_encode([
                'queue' => $queue,
                'worker_id' => $workerId,
            ]),
        ],
    ]));

    $job = json_decode($response, true);

    if (!$job || isset($job['error'])) {
        // No jobs available, wait and retry
        sleep(1);
        continue;
    }

    echo "Processing job {$job['id']}: {$job['payload']['type']}\n";

    try {
        // Process the job based on type
        switch ($job['payload']['type']) {
            case 'send_welcome_email':
                sendWelcomeEmail($job['payload']);
                break;
            case 'send_reminder':
                sendReminderEmail($job['payload']);
                break;
            default:
                throw new Exception("Unknown job type: {$job['payload']['type']}");
        }

        // Mark as completed
        completeJob($baseUrl, $apiKey, $job['id']);
        echo "✓ Job {$job['id']} completed\n";

    } catch (Exception $e) {
        // Mark as failed
        failJob($baseUrl, $apiKey, $job['id'], $e->getMessage());
        echo "✗ Job {$job['id']} failed: {$e->getMessage()}\n";
    }
}

function completeJob($baseUrl, $apiKey, $jobId) {
    file_get_contents("{$baseUrl}/api/v1/jobs/{$jobId}/complete", false, stream_context_create([
        'http' => [
            'method' => 'POST',
            'header' => ["Authorization: Bearer {$apiKey}", "Content-Type: application/json"],
            'content' => '{}',
        ],
    ]));
}

function failJob($baseUrl, $apiKey, $jobId, $error) {
    file_get_contents("{$baseUrl}/api/v1/jobs/{$jobId}/fail", false, stream_context_create([
        'http' => [
            'method' => 'POST',
            'header' => ["Authorization: Bearer {$apiKey}", "Content-Type: application/json"],
            'content' => json_encode(['error' => $error]),
        ],
    ]));
}

function sendWelcomeEmail($payload) {
    echo "Welcome, {$payload['email']}\n"; // your code here
}

function sendReminderEmail($payload) {
    echo "Do not forget, user {$payload['user_id']}\n"; // your code here
}
