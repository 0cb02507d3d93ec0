<?php

// Plain PHP: the same two methods as laravel/SpooledQueue.php, without Laravel.

class SpooledQueue
{
    private string $apiKey;
    private string $baseUrl;

    public function __construct()
    {
        $this->apiKey = getenv('SPOOLED_API_KEY');
        $this->baseUrl = getenv('SPOOLED_URL') ?: 'https://api.spooled.cloud';
    }

    /**
     * Push a job to the queue (like dispatch())
     */
    public function dispatch(string $queue, array $payload, array $options = []): array
    {
        $response = file_get_contents("{$this->baseUrl}/api/v1/jobs", false, stream_context_create([
            'http' => [
                'method' => 'POST',
                'header' => [
                    "Authorization: Bearer {$this->apiKey}",
                    "Content-Type: application/json",
                ],
                'content' => json_encode([
                    'queue' => $queue,
                    'payload' => $payload,
                    'delay_seconds' => $options['delay'] ?? null,
                    'priority' => $options['priority'] ?? 0,
                ]),
            ],
        ]));

        return json_decode($response, true);
    }

    /**
     * Push a delayed job (like dispatch()->delay())
     */
    public function dispatchLater(string $queue, array $payload, int $delaySeconds): array
    {
        return $this->dispatch($queue, $payload, ['delay' => $delaySeconds]);
    }
}
