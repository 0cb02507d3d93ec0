// Does what the payload says, as a program of a user might.
const fs = require('node:fs');

const payload = JSON.parse(fs.readFileSync(0, 'utf8'));
const acts = {
  succeed: () => {
    const { SPOOLED_JOB_ID: job, SPOOLED_ATTEMPT: attempt } = process.env;
    console.log(JSON.stringify({ n: payload.n, job, attempt: Number(attempt) }));
  },
  fail: () => {
    console.error('connecting\nno mail server');
    process.exitCode = 3;
  },
  refuse: () => {
    console.error('no such address');
    process.exitCode = 65;
  },
  crash: () => process.kill(process.pid, 'SIGKILL'),
  hang: () => setTimeout(() => {}, 600_000),
  wait: () => {
    fs.writeFileSync(payload.started, '');
    const timer = setInterval(() => {
      if (!fs.existsSync(payload.go)) return;
      clearInterval(timer);
      console.log('{"waited": true}');
    }, 20);
  },
};
acts[payload.do]();
