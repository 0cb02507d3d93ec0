// worker.js
const Spooled = require('./spooled');

const spooled = new Spooled(process.env.SPOOLED_API_KEY, process.env.SPOOLED_URL);
const workerId = `worker-${process.pid}`;
const queue = 'emails';

console.log(`Worker ${workerId} starting...`);

async function processJobs() {
  while (true) {
    try {
      const job = await spooled.dequeue(queue, workerId);
      
      if (!job || job.error) {
        await sleep(1000);
        continue;
      }

      console.log(`Processing job ${job.id}: ${job.payload.type}`);

      try {
        // Process based on job type
        switch (job.payload.type) {
          case 'send_welcome_email':
            await sendWelcomeEmail(job.payload);
            break;
          case 'send_reminder':
            await sendReminderEmail(job.payload);
            break;
          default:
            throw new Error(`Unknown job type: ${job.payload.type}`);
        }

        await spooled.complete(job.id);
        console.log(`✓ Job ${job.id} completed`);

      } catch (err) {
        await spooled.fail(job.id, err.message);
        console.log(`✗ Job ${job.id} failed: ${err.message}`);
      }

    } catch (err) {
      console.error('Worker error:', err.message);
      await sleep(5000);
    }
  }
}

// Your code here
const sendWelcomeEmail = async (payload) => console.log(`Welcome, ${payload.email}`);
const sendReminderEmail = async (payload) => console.log(`Do not forget, user ${payload.userId}`);

const sleep = (ms) => new Promise(resolve => setTimeout(resolve, ms));

processJobs();
