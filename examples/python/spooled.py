# spooled.py
import requests

class Spooled:
    def __init__(self, api_key, base_url='https://api.spooled.cloud'):
        self.base_url = base_url
        self.headers = {
            'Authorization': f'Bearer {api_key}',
            'Content-Type': 'application/json'
        }

    def dispatch(self, queue, payload, delay=None, priority=0):
        """Push a job to the queue (like Laravel's dispatch)"""
        response = requests.post(
            f'{self.base_url}/api/v1/jobs',
            headers=self.headers,
            json={
                'queue': queue,
                'payload': payload,
                'delay_seconds': delay,
                'priority': priority
            }
        )
        return response.json()

    def dequeue(self, queue, worker_id):
        """Fetch the next job to process"""
        response = requests.post(
            f'{self.base_url}/api/v1/jobs/dequeue',
            headers=self.headers,
            json={'queue': queue, 'worker_id': worker_id}
        )
        return response.json()

    def complete(self, job_id, result=None):
        """Mark a job as completed"""
        requests.post(
            f'{self.base_url}/api/v1/jobs/{job_id}/complete',
            headers=self.headers,
            json={'result': result or {}}
        )

    def fail(self, job_id, error):
        """Mark a job as failed"""
        requests.post(
            f'{self.base_url}/api/v1/jobs/{job_id}/fail',
            headers=self.headers,
            json={'error': error}
        )
