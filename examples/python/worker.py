# worker.py
import os
import socket
import time

from spooled import Spooled

spooled = Spooled(os.environ['SPOOLED_API_KEY'], os.getenv('SPOOLED_URL', 'https://api.spooled.cloud'))
worker_id = f'{socket.gethostname()}-{os.getpid()}'
queue = 'emails'


def send_welcome_email(payload):
    print(f"Welcome, {payload['email']}", flush=True)  # your code here


def send_reminder_email(payload):
    print(f"Do not forget, user {payload['user_id']}", flush=True)  # your code here


handlers = {'send_welcome_email': send_welcome_email, 'send_reminder': send_reminder_email}

print(f'Worker {worker_id} starting...', flush=True)

while True:
    job = spooled.dequeue(queue, worker_id)

    if not job or 'error' in job:
        # No jobs available, wait and retry
        time.sleep(1)
        continue

    try:
        job_type = job['payload']['type']
        if job_type not in handlers:
            raise ValueError(f'Unknown job type: {job_type}')
        handlers[job_type](job['payload'])
        spooled.complete(job['id'])
        print(f"✓ Job {job['id']} completed", flush=True)

    except Exception as error:
        spooled.fail(job['id'], str(error))
        print(f"✗ Job {job['id']} failed: {error}", flush=True)
