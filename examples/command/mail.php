<?php
// One job: spooled work emails -- php examples/command/mail.php

$mail = json_decode(stream_get_contents(STDIN), true);

if (!filter_var($mail['to'] ?? '', FILTER_VALIDATE_EMAIL)) {
    fwrite(STDERR, "no address to send to\n");
    exit(65); // Trying again would not help: a dead letter at once.
}

fwrite(STDERR, "Sending to {$mail['to']}, attempt " . getenv('SPOOLED_ATTEMPT') . "\n");
// An exception ends PHP with exit code 255: a failed attempt, tried again later.
echo json_encode(['sent_to' => $mail['to'], 'subject' => $mail['subject'] ?? 'Hello']);
