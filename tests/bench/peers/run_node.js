// The JavaScript bench in plain Node.js: node run_node.js javascript OUTPUT INPUT
'use strict';
const fs = require('fs');

function createArray(vendorId, weekday, passengers, seconds, distance) {
    return [vendorId, weekday, passengers, seconds, distance];
}

function row(line) {
    const ride = JSON.parse(line);
    const array = createArray(
        ride.vendorId, ride.weekday, ride.passengerCount, ride.tripTimeInSeconds, ride.tripDistance);
    return JSON.stringify({ ride: array }) + '\n';
}

const [, target, source] = process.argv.slice(2);
const input = fs.openSync(source, 'r');
const output = fs.openSync(target, 'w');
const block = Buffer.allocUnsafe(1 << 20);
let held = 0;
for (;;) {
    const read = fs.readSync(input, block, held, block.length - held, null);
    const length = held + read;
    // A last line may lack its end.
    const end = read === 0 ? length : block.lastIndexOf(10, length - 1) + 1;
    let rows = '';
    for (const line of block.toString('utf8', 0, end).split('\n')) {
        if (line !== '') rows += row(line);
    }
    fs.writeSync(output, rows);
    if (read === 0) break;
    held = block.copy(block, 0, end, length);
}
