// Small proxies for tests. Whatever name is asked for, they lead to this machine; what was asked stands in `asked`.
import http from 'node:http';
import net from 'node:net';

const listen = async (t, server) => {
  const sockets = new Set();
  server.on('connection', (socket) => {
    sockets.add(socket);
    socket.on('error', () => {}).on('close', () => sockets.delete(socket));
  });
  await new Promise((ok) => { server.listen(0, '127.0.0.1', ok); });
  t.after(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return server.address().port;
};

const join = (a, b) => {
  a.pipe(b).pipe(a);
  a.on('error', () => b.destroy()).on('close', () => b.destroy());
  b.on('error', () => a.destroy()).on('close', () => a.destroy());
};

// CONNECT for tunnels, absolute-form for plain HTTP. `refuse`: the status it answers everything with.
export async function http_proxy(t, { user, refuse } = {}) {
  const proxy = { asked: [] };
  const authorized = (req) => !user || req.headers['proxy-authorization'] === `Basic ${Buffer.from(user).toString('base64')}`;
  const server = http.createServer((req, res) => {
    proxy.asked.push({ method: req.method, target: req.url, headers: req.headers });
    if (refuse || !authorized(req)) return res.writeHead(refuse ?? 407).end();
    const url = new URL(req.url);
    const headers = { ...req.headers };
    delete headers['proxy-authorization'];
    const onward = http.request({ host: '127.0.0.1', port: url.port, method: req.method, path: url.pathname + url.search, headers }, (answer) => {
      res.writeHead(answer.statusCode, answer.headers);
      answer.pipe(res);
    });
    onward.on('error', () => res.destroy());
    return req.pipe(onward);
  });
  server.on('connect', (req, socket) => {
    proxy.asked.push({ method: 'CONNECT', target: req.url, headers: req.headers });
    if (refuse || !authorized(req)) return socket.end(`HTTP/1.1 ${refuse ?? 407} No\r\nContent-Length: 0\r\n\r\n`);
    const onward = net.connect(Number(req.url.split(':').at(-1)), '127.0.0.1', () => {
      socket.write('HTTP/1.1 200 Connection established\r\n\r\n');
      join(socket, onward);
    });
    return onward.on('error', () => socket.destroy());
  });
  proxy.port = await listen(t, server);
  return proxy;
}

// RFC 1928, CONNECT only, and RFC 1929 when a user is wanted ("name:password"). `slow`: how many ms it takes to connect.
export async function socks_proxy(t, { user, refuse, slow = 0 } = {}) {
  const proxy = { asked: [] };
  const server = net.createServer((socket) => {
    let seen = Buffer.alloc(0);
    let step = 'methods';
    socket.on('error', () => {});
    const take = (n) => {
      const piece = seen.subarray(0, n);
      seen = seen.subarray(n);
      return piece;
    };
    const read = (data) => {
      seen = Buffer.concat([seen, data]);
      if (step === 'methods' && seen.length >= 2 && seen.length >= 2 + seen[1]) {
        const methods = [...take(2 + seen[1]).subarray(2)];
        const method = user ? 2 : 0;
        socket.write(Buffer.from([5, methods.includes(method) ? method : 0xff]));
        step = user ? 'user' : 'request';
      }
      if (step === 'user' && seen.length >= 2 && seen.length >= 3 + seen[1] + (seen[2 + seen[1]] ?? 255)) {
        const name = seen.subarray(2, 2 + seen[1]).toString();
        const password = seen.subarray(3 + seen[1], 3 + seen[1] + seen[2 + seen[1]]).toString();
        take(3 + name.length + password.length);
        const good = `${name}:${password}` === user;
        socket.write(Buffer.from([1, good ? 0 : 1]));
        if (!good) return socket.end();
        step = 'request';
      }
      if (step !== 'request' || seen.length < 5) return undefined;
      const kind = seen[3];
      const size = kind === 1 ? 4 : kind === 4 ? 16 : seen[4] + 1;
      if (seen.length < 6 + size) return undefined;
      const head = take(6 + size);
      const host = kind === 1 ? [...head.subarray(4, 8)].join('.') : kind === 4 ? 'ipv6' : head.subarray(5, 4 + size).toString();
      const port = head.readUInt16BE(4 + size);
      proxy.asked.push({ host, port, kind });
      step = 'joined';
      if (refuse) return socket.end(Buffer.from([5, refuse, 0, 1, 0, 0, 0, 0, 0, 0]));
      socket.off('data', read);
      const onward = net.connect(port, '127.0.0.1', () => setTimeout(() => {
        socket.write(Buffer.from([5, 0, 0, 1, 127, 0, 0, 1, 0, 0]));
        if (seen.length > 0) onward.write(seen);
        join(socket, onward);
      }, slow));
      return onward.on('error', () => socket.destroy());
    };
    socket.on('data', read);
  });
  proxy.port = await listen(t, server);
  return proxy;
}
