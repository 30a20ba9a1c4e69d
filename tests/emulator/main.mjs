#!/usr/bin/env node
// node main.mjs [--port N] [--tls-port N [--tls-dir DIR] [--tls-bad-ports]] [--demo] [--config FILE.json]
import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { Emulator } from './emulator.mjs';

const port_of = (text, name) => {
  const port = Number(text);
  if (!Number.isInteger(port) || port < 0 || port > 65535) throw new Error(`--${name} is a port, 0 to 65535`);
  return port;
};

async function main() {
  const { values } = parseArgs({ options: {
    port: { type: 'string', default: '0' }, 'tls-port': { type: 'string' }, 'tls-dir': { type: 'string' },
    'tls-bad-ports': { type: 'boolean', default: false }, demo: { type: 'boolean', default: false }, config: { type: 'string' } } });
  const emulator = await Emulator.start({
    port: port_of(values.port, 'port'),
    tls_port: values['tls-port'] === undefined ? undefined : port_of(values['tls-port'], 'tls-port'),
    tls_dir: values['tls-dir'],
    tls_bad_ports: values['tls-bad-ports'],
    demo: values.demo,
    config: values.config ? JSON.parse(readFileSync(values.config, 'utf8')) : undefined,
  });
  const leave = () => { emulator.stop(); process.exit(0); };
  process.on('SIGTERM', leave);
  process.on('SIGINT', leave);
  process.stdout.write(`${JSON.stringify(emulator.addresses)}\n`);
}

main().catch((error) => {
  process.stderr.write(`emulator: ${error.message}\n`);
  process.exit(error.code?.startsWith?.('ERR_PARSE_ARGS') ? 2 : 1);
});
