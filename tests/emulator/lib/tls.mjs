// Certificates made anew at every start with the openssl command: a CA of our own, a good server, and
// two that a careful client must refuse.
import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const openssl = (args) => execFileSync('openssl', args, { stdio: ['ignore', 'ignore', 'pipe'] });
const new_key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'];

export function make_certificates(dir) {
  mkdirSync(dir, { recursive: true, mode: 0o700 });
  const at = (name) => join(dir, name);
  openssl(['req', '-x509', ...new_key, '-days', '30', '-subj', '/CN=Emulator test CA', '-keyout', at('ca.key'), '-out', at('ca.pem'),
    '-addext', 'keyUsage=critical,keyCertSign,cRLSign']);

  const issue = (name, common_name, alt_names, serial) => {
    writeFileSync(at(`${name}.ext`), `basicConstraints=CA:FALSE\nkeyUsage=digitalSignature\nextendedKeyUsage=serverAuth\nsubjectAltName=${alt_names}\n`);
    openssl(['req', '-new', ...new_key, '-subj', `/CN=${common_name}`, '-keyout', at(`${name}.key`), '-out', at(`${name}.csr`)]);
    openssl(['x509', '-req', '-in', at(`${name}.csr`), '-CA', at('ca.pem'), '-CAkey', at('ca.key'), '-set_serial', String(serial),
      '-days', '30', '-extfile', at(`${name}.ext`), '-out', at(`${name}.pem`)]);
  };
  const stamp = Date.now();
  issue('server', 'localhost', 'DNS:localhost,DNS:*.emulator.test,IP:127.0.0.1', stamp);
  issue('wrong_host', 'elsewhere.example', 'DNS:elsewhere.example', stamp + 1);
  openssl(['req', '-x509', ...new_key, '-days', '30', '-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost,IP:127.0.0.1',
    '-keyout', at('self_signed.key'), '-out', at('self_signed.pem')]);
  for (const name of ['ca', 'server', 'wrong_host', 'self_signed']) chmodSync(at(`${name}.key`), 0o600);

  const pair = (name) => ({ key: readFileSync(at(`${name}.key`)), cert: readFileSync(at(`${name}.pem`)), minVersion: 'TLSv1.2' });
  return { ca: at('ca.pem'), good: pair('server'), wrong_host: pair('wrong_host'), self_signed: pair('self_signed') };
}
