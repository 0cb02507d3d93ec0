// One job: spooled work images --concurrency 4 -- node examples/command/thumbnail.js
const fs = require('node:fs');

const image = JSON.parse(fs.readFileSync(0, 'utf8'));

// SIGTERM comes when the job takes longer than it may, or when its lease is lost: leave nothing half done.
process.on('SIGTERM', () => {
  console.error(`stopped at ${image.path}`);
  process.exit(1);
});

if (!image.path) throw new Error('the job names no path');
console.error(`Making a thumbnail of ${image.path}`);
console.log(JSON.stringify({ thumbnail: image.path.replace(/\.(\w+)$/, '.small.$1') }));
