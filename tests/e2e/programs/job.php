<?php
// Does what the payload says, as a program of a user might.
$payload = json_decode(stream_get_contents(STDIN), true);
switch ($payload['do']) {
    case 'succeed':
        echo json_encode(['n' => $payload['n'], 'job' => getenv('SPOOLED_JOB_ID'), 'attempt' => (int) getenv('SPOOLED_ATTEMPT')]);
        exit(0);
    case 'fail':
        fwrite(STDERR, "connecting\nno mail server\n");
        exit(3);
    case 'refuse':
        fwrite(STDERR, "no such address\n");
        exit(65);
    case 'crash':
        posix_kill(getmypid(), 9);
        exit(0);
    case 'hang':
        sleep(600);
        exit(0);
    case 'wait':
        touch($payload['started']);
        while (!file_exists($payload['go'])) {
            usleep(20000);
            clearstatcache();
        }
        echo '{"waited": true}';
}
