<?php
// producer.php - Push a job for now, one for later and one that no worker knows

require __DIR__ . '/SpooledQueue.php';

$spooled = new SpooledQueue();

// Simple job
$job = $spooled->dispatch('emails', [
    'type' => 'send_welcome_email',
    'user_id' => 123,
    'email' => 'user@example.com',
]);
echo "Pushed {$job['id']}\n";

// Delayed job (send in 1 hour)
$job = $spooled->dispatchLater('emails', [
    'type' => 'send_reminder',
    'user_id' => 123,
], 3600);
echo "Pushed {$job['id']} for {$job['scheduled_at']}\n";

// The worker fails this one, and it is retried
$job = $spooled->dispatch('emails', ['type' => 'no_such_type']);
echo "Pushed {$job['id']}\n";
