// nginx as a tuned reverse proxy: one worker, kept connections both ways, bodies in memory, streams unbuffered, no log.
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { freePort, gatewayCore, startPinned, untilListening } from './children.js'

export async function startNginx({ folder, fixedPort, simulatorPort }) {
  const prefix = join(folder, 'nginx')
  mkdirSync(prefix)
  const [unaryPort, streamPort] = [await freePort(), await freePort()]
  const file = join(prefix, 'nginx.conf')
  writeFileSync(file, configuration({ prefix, unaryPort, streamPort, fixedPort, simulatorPort }))
  const args = ['-p', prefix, '-c', file, '-e', join(prefix, 'error.log')]
  const handle = startPinned(gatewayCore, 'nginx', args, { logFile: join(prefix, 'stderr.log') })
  await untilListening(streamPort, 'nginx', handle)
  return {
    pid: handle.pid,
    stop: handle.stop,
    unary: { port: unaryPort, headers: {}, model: 'bench' },
    stream: { port: streamPort, headers: {}, modelPrefix: '' },
  }
}

function configuration({ prefix, unaryPort, streamPort, fixedPort, simulatorPort }) {
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']
    .map((kind) => `  ${kind}_temp_path ${join(prefix, kind)};`)
    .join('\n')
  // Started by root, nginx would give its worker another user, who may not enter our folder.
  const user = process.getuid() === 0 ? 'user root;' : ''
  return `
${user}
daemon off;
worker_processes 1;
pid ${join(prefix, 'nginx.pid')};
error_log ${join(prefix, 'error.log')} error;
events { worker_connections 8192; }
http {
  access_log off;
${temporary}
  keepalive_timeout 600s;
  keepalive_requests 100000000;
  client_max_body_size 32m;
  client_body_buffer_size 2m;
  proxy_http_version 1.1;
  proxy_set_header Connection "";
  proxy_read_timeout 600s;
  upstream fixed { server 127.0.0.1:${fixedPort}; keepalive 1024; keepalive_requests 100000000; keepalive_timeout 600s; }
  upstream simulator { server 127.0.0.1:${simulatorPort}; keepalive 1024; keepalive_requests 100000000; keepalive_timeout 600s; }
  server {
    listen 127.0.0.1:${unaryPort} backlog=4096;
    location / { proxy_pass http://fixed; }
  }
  server {
    listen 127.0.0.1:${streamPort} backlog=4096;
    location / { proxy_pass http://simulator; proxy_buffering off; }
  }
}
`
}
