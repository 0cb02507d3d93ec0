<?php

namespace App\Services;

use Illuminate\Support\Facades\Http;

class SpooledQueue
{
    private string $apiKey;
    private string $baseUrl;

    public function __construct()
    {
        $this->apiKey = config('services.spooled.api_key');
        $this->baseUrl = config('services.spooled.url', 'https://api.spooled.cloud');
    }

    /**
     * Push a job to the queue (like dispatch())
     */
    public function dispatch(string $queue, array $payload, array $options = []): array
    {
        $response = Http::withToken($this->apiKey)
            ->post("{$this->baseUrl}/api/v1/jobs", [
                'queue' => $queue,
                'payload' => $payload,
                'delay_seconds' => $options['delay'] ?? null,
                'priority' => $options['priority'] ?? 0,
            ]);

        return $response->json();
    }

    /**
     * Push a delayed job (like dispatch()->delay())
     */
    public function dispatchLater(string $queue, array $payload, int $delaySeconds): array
    {
        return $this->dispatch($queue, $payload, ['delay' => $delaySeconds]);
    }
}

/*
Usage in your Laravel app:

$spooled = app(SpooledQueue::class);

// Simple job
$spooled->dispatch('emails', [
    'type' => 'send_welcome_email',
    'user_id' => $user->id,
    'email' => $user->email,
]);

// Delayed job (send in 1 hour)
$spooled->dispatchLater('emails', [
    'type' => 'send_reminder',
    'user_id' => $user->id,
], 3600);
*/
