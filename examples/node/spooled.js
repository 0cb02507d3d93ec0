// spooled.js
const axios = require('axios');

class Spooled {
  constructor(apiKey, baseUrl = 'https://api.spooled.cloud') {
    this.client = axios.create({
      baseURL: baseUrl,
      headers: { 'Authorization': `Bearer ${apiKey}` }
    });
  }

  // Push a job (like Laravel's dispatch)
  async dispatch(queue, payload, options = {}) {
    const { data } = await this.client.post('/api/v1/jobs', {
      queue,
      payload,
      delay_seconds: options.delay,
      priority: options.priority
    });
    return data;
  }

  // Fetch next job for processing
  async dequeue(queue, workerId) {
    const { data } = await this.client.post('/api/v1/jobs/dequeue', {
      queue,
      worker_id: workerId
    });
    return data;
  }

  // Mark job as completed
  async complete(jobId, result = {}) {
    await this.client.post(`/api/v1/jobs/${jobId}/complete`, { result });
  }

  // Mark job as failed
  async fail(jobId, error) {
    await this.client.post(`/api/v1/jobs/${jobId}/fail`, { error });
  }
}

module.exports = Spooled;
