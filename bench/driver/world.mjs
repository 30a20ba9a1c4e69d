// The mock provider, nginx and the router of one bench, and how a request reaches each.
import { mkdtempSync, rmSync, writeFileSync, openSync, mkdirSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { make_certificates } from '../../tests/emulator/lib/tls.mjs';
import { accepting, cores, family, freePort, memory, processorTime, run, start, stop } from './processes.mjs';

const unifiedKey = 'freellmapi-0123456789abcdef0123456789abcdef';
const providerKey = 'sk-bench-0123456789abcdef0123456789abcdef';

// Limits that count every request and refuse none.
const quota = '{rpm: 100000000, rpd: 1000000000, tpm: 100000000000, tpd: 1000000000000}';
const models = '{bench: {tools: true, json: schema, context: 10000000, max_output: 4096, quota: ' + quota + '}}';

function policy(mockPort) {
  return `version: 1
chain: [mock]
providers:
  mock:
    plugin: custom
    base_url: http://127.0.0.1:${mockPort}/v1
    keys: [{env: BENCH_KEY}]
    models: ${models}
    quota:
      - {limit: 1000000, of: concurrency, scope: key}
`;
}

/** Further ways to the same provider: behind TLS, and with a connection of its own for each request. */
function sealedPolicy(mockPort, tlsPort, authority) {
  const way = (name, base, more) => `  ${name}:
    plugin: custom
    base_url: ${base}
    keys: [{env: BENCH_KEY}]
    models: ${models}${more}
`;
  const sealed = `https://127.0.0.1:${tlsPort}`, ca = `\n    ca_file: ${authority}`;
  return policy(mockPort) + way('closing', `http://127.0.0.1:${mockPort}/close/v1`, '') + way('sealed', `${sealed}/v1`, ca) + way('sealed-closing', `${sealed}/close/v1`, ca);
}

/** `hops` profiles hop0, hop1 ..., each with a model of its own that answers 429 before the good one. */
function hopPolicy(mockPort, hops) {
  const numbers = [...Array(hops).keys()];
  return (
    policy(mockPort) +
    `  full:
    plugin: custom
    base_url: http://127.0.0.1:${mockPort}/full/v1
    keys: [{env: BENCH_KEY}]
    models:
${numbers.map((i) => `      m${i}: {context: 10000000}`).join('\n')}
profiles:
${numbers.map((i) => `  hop${i}: {chain: [full/m${i}, mock]}`).join('\n')}
`
  );
}

// What a careful operator would write: pooled upstream connections, bodies in memory, nothing logged, the key exchanged.
// The second port is the same without buffering, for streams.
function nginxConf(folder, mockPort, ports) {
  const server = (port, buffering) => `
  server {
    listen 127.0.0.1:${port};
    location / {
      proxy_pass http://mock;
      proxy_http_version 1.1;
      proxy_set_header Connection "";
      proxy_set_header Authorization "Bearer ${providerKey}";
      proxy_buffering ${buffering};
    }
  }`;
  return `${process.getuid() === 0 ? 'user root;\n' : ''}daemon off;
worker_processes 1;
worker_rlimit_nofile 65536;
pid ${folder}/nginx.pid;
error_log ${folder}/nginx.log warn;
events { worker_connections 32768; }
http {
  access_log off;
  client_body_temp_path ${folder}/body; proxy_temp_path ${folder}/proxy;
  fastcgi_temp_path ${folder}/fastcgi; uwsgi_temp_path ${folder}/uwsgi; scgi_temp_path ${folder}/scgi;
  keepalive_requests 1000000000;
  client_max_body_size 32m;
  client_body_buffer_size 2m;
  upstream mock { server 127.0.0.1:${mockPort}; keepalive 1024; keepalive_requests 1000000000; }
  ${server(ports.plain, 'on')}
  ${server(ports.stream, 'off')}
}
`;
}

export class World {
  /** `tree`: the build folder. */
  static async open(tree, { chunks = 100, intervalUs = 20_000, only = ['direct', 'nginx', 'router'], hops = 0, tls = false, via = {}, data } = {}) {
    const world = new World();
    world.tree = tree;
    world.folder = mkdtempSync(path.join(os.tmpdir(), 'freellmapi-bench-'));
    world.chunks = chunks;
    world.targets = {};
    world.children = [];
    try {
      await world.#openAll(tree, { chunks, intervalUs, only, hops, tls, via, data });
    } catch (error) {
      await world.close();
      throw error;
    }
    return world;
  }

  async #openAll(tree, { chunks, intervalUs, only, hops, tls, via, data }) {
    const mockPort = await freePort();
    const args = ['--port', mockPort, '--chunks', chunks, '--interval-us', intervalUs];
    let text = hops > 0 ? hopPolicy(mockPort, hops) : policy(mockPort);
    if (tls) {
      const { ca } = make_certificates(path.join(this.folder, 'tls'));
      const tlsPort = await freePort(), file = (name) => path.join(this.folder, 'tls', name);
      args.push('--tls-port', tlsPort, '--certificate', file('server.pem'), '--key', file('server.key'));
      text = sealedPolicy(mockPort, tlsPort, ca);
    }
    this.mockPort = mockPort;
    const mock = this.#child(cores.load, path.join(tree, 'bench/mock_upstream'), args);
    await accepting(mockPort, mock, 'the mock provider');
    this.targets.direct = { port: mockPort, streamPort: mockPort, key: providerKey, model: 'bench', pids: () => [] };

    if (only.includes('nginx')) {
      const ports = { plain: await freePort(), stream: await freePort() };
      const conf = path.join(this.folder, 'nginx.conf');
      writeFileSync(conf, nginxConf(this.folder, mockPort, ports));
      const nginx = this.#child(cores.proxy, 'nginx', ['-p', this.folder, '-e', path.join(this.folder, 'nginx.log'), '-c', conf, ...(via.nginx?.args ?? [])], { via: via.nginx?.command(this.folder) });
      await accepting(ports.stream, nginx, 'nginx', via.nginx ? 60 : 10);
      this.targets.nginx = { port: ports.plain, streamPort: ports.stream, key: providerKey, model: 'bench', child: nginx, pids: () => family(nginx.pid) };
    }
    if (only.includes('router')) {
      writeFileSync(path.join(this.folder, 'policy.yaml'), text, { mode: 0o600 });
      this.data = data ?? path.join(this.folder, 'data');
      mkdirSync(this.data, { recursive: true, mode: 0o700 });
      await this.startRouter(via.router);
    }
  }

  /** Once more on the same port after stop(); resolves when it accepts. */
  async startRouter(via) {
    const port = this.targets.router?.port ?? (await freePort());
    const router = this.#child(cores.proxy, path.join(this.tree, 'bin/freellmapi'), ['serve', '--policy', path.join(this.folder, 'policy.yaml'), '--data', this.data, '--listen', `127.0.0.1:${port}`, '--log-format', 'json'], {
      via: via?.command(this.folder),
      env: { FREELLMAPI_KEY: unifiedKey, BENCH_KEY: providerKey },
      output: openSync('/dev/null', 'a'),
    });
    this.targets.router = { port, streamPort: port, key: unifiedKey, model: 'auto', child: router, pids: () => family(router.pid) };
    await accepting(port, router, 'the router', via ? 120 : 30, via ? 20 : 1);
  }

  stopRouter() { return stop(this.targets.router.child); }

  #child(...args) {
    const child = start(...args.map((a) => (Array.isArray(a) ? a.map(String) : a)));
    this.children.push(child);
    return child;
  }

  /**
   * One run of the load client: what it prints, with the processor time that the proxy took for each request (`cpu`, in
   * microseconds) or, of streams, for each event.
   */
  async load(name, options = {}) {
    const target = this.targets[name];
    const pids = target.pids();
    const before = processorTime(pids);
    const result = JSON.parse(await run(cores.load, path.join(this.tree, 'bench/load_client'), this.#arguments(target, options)));
    result.cpu = pids.length === 0 ? NaN : (processorTime(pids) - before) / (options.stream ? result.chunks : result.requests);
    result.memory = memory(pids);
    if (result.errors > 0) this.errors = (this.errors ?? 0) + result.errors;
    return result;
  }

  #arguments(target, { connections = 1, seconds = 1, requests = 0, bodyBytes = 700, stream = false, model, models = 1, rate = 0, warmUp = 0.1, hold = 0 }) {
    const args = ['--port', stream ? target.streamPort : target.port, '--key', target.key, '--model', model ?? target.model, '--models', models,
      '--connections', connections, '--seconds', seconds, '--warm-up', warmUp, '--requests', requests, '--body-bytes', bodyBytes, '--rate', rate, '--hold', hold];
    if (stream) args.push('--stream', '--chunks', this.chunks);
    return args.map(String);
  }

  /** One sample of each target, in an order that turns with the rounds. */
  async round(number, options, names = Object.keys(this.targets)) {
    const order = number % 2 === 0 ? names : [...names].reverse();
    const samples = {};
    for (const name of order) samples[name] = await this.load(name, options);
    return samples;
  }

  async close() {
    for (const child of this.children.reverse()) await stop(child);
    rmSync(this.folder, { recursive: true, force: true });
  }
}
