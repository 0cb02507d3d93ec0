// producer.js
const Spooled = require('./spooled');

const spooled = new Spooled(process.env.SPOOLED_API_KEY, process.env.SPOOLED_URL);

async function main() {
  // Dispatch a job
  await spooled.dispatch('emails', {
    type: 'send_welcome_email',
    userId: 123,
    email: 'user@example.com'
  });

  // Dispatch with delay (5 minutes)
  await spooled.dispatch('emails', {
    type: 'send_reminder',
    userId: 123
  }, { delay: 300 });

  // The worker fails this one, and it is retried
  await spooled.dispatch('emails', { type: 'no_such_type' });
}

main();
