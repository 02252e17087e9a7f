// An HTTP server that tasks are sent to. It remembers what came to each path.
import { once } from 'node:events';
import { createServer } from 'node:http';

export class Target {
  #requests = new Map(); // path -> what came
  #answers = new Map(); // path -> statuses that are still to be given; then 200
  #server = createServer((request, response) => this.#serve(request, response));

  async start() {
    this.#server.listen(0, '127.0.0.1');
    await once(this.#server, 'listening');
  }

  async stop() {
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, 'close');
  }

  /** The URL of a path that is answered with these statuses, then with 200. */
  url(path, ...statuses) {
    this.#answers.set(path, statuses);
    return `http://127.0.0.1:${this.#server.address().port}${path}`;
  }

  /** What came to a path so far: {method, headers, body, at}, at in milliseconds since 1970. */
  requests(path) {
    return this.#requests.get(path) ?? [];
  }

  /** Waits until count requests came to a path, and returns them. */
  async arrived(path, count, patience = 60_000) {
    const end = Date.now() + patience;
    while (this.requests(path).length < count) {
      if (Date.now() > end) throw new Error(`${this.requests(path).length} requests came to ${path}, not ${count}`);
      await once(this.#server, 'kept', { signal: AbortSignal.timeout(patience) }).catch(() => {});
    }
    return this.requests(path);
  }

  async #serve(request, response) {
    const chunks = [];
    for await (const chunk of request) chunks.push(chunk);
    const { method, headers, url } = request;
    const kept = { method, headers, body: Buffer.concat(chunks).toString(), at: Date.now() };
    this.#requests.set(url, [...this.requests(url), kept]);
    response.writeHead(this.#answers.get(url)?.shift() ?? 200).end();
    this.#server.emit('kept');
  }
}
