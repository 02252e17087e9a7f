// What a program does with @google-cloud/tasks, against `sluice serve --tasks-listen`.
import assert from 'node:assert/strict';
import { createPublicKey, verify } from 'node:crypto';
import { after, before, describe, it } from 'node:test';

import { CloudTasksClient, v2beta3 } from '@google-cloud/tasks';
import gax from 'google-gax';

import { ways } from './clients.mjs';
import { Target } from './target.mjs';

const { Status } = gax;
const oneByOne = { autoPaginate: false }; // google-gax warns without it
const target = new Target();
before(() => target.start());
after(() => target.stop());

for (const [way, options] of Object.entries(ways)) {
  describe(way, { timeout: 240_000 }, () => suite(way, options));
}

function suite(way, options) {
  const client = new CloudTasksClient(options);
  const id = way.toLowerCase().replaceAll(/[^a-z]+/g, '-');
  const parent = client.locationPath(id, 'us-central1');
  const queueName = (queue) => client.queuePath(id, 'us-central1', queue);
  const taskName = (queue, task) => client.taskPath(id, 'us-central1', queue, task);
  after(() => client.close());

  /** Makes a queue that tries again fast. */
  async function make(queue, settings = {}) {
    const [made] = await client.createQueue({ parent, queue: { name: queueName(queue), retryConfig: { minBackoff: { nanos: 1e8 }, maxBackoff: { nanos: 1e8 } }, ...settings } });
    return made;
  }

  /** Makes a task that is sent to /way/queue/task, and returns it with that path. */
  async function add(queue, task, { answers = [], ...settings } = {}) {
    const path = `/${id}/${queue}/${task}`;
    const [made] = await client.createTask({
      parent: queueName(queue),
      task: { name: taskName(queue, task), httpRequest: { url: target.url(path, ...answers) }, ...settings },
    });
    return { made, path };
  }

  // Over REST google-gax 5 hands on the error of HTTP, whose message is the body.
  const status = (error) => (options.fallback ? JSON.parse(error.message).error.status : Status[error.code]);

  /** Asserts that a call fails with a status, by its name, and a message. */
  const refused = (call, name, message) => assert.rejects(call, (error) => {
    assert.equal(status(error), name, error.message);
    assert.match(error.message, message);
    return true;
  });

  /** Waits until a task is not there any more, because it was done. */
  async function gone(name) {
    for (const end = Date.now() + 60_000; Date.now() < end;) {
      const error = await client.getTask({ name }).then(() => null, (e) => e);
      if (error) return assert.equal(status(error), 'NOT_FOUND', error.message);
      await new Promise((done) => setTimeout(done, 50));
    }
    assert.fail(`${name} was never done`);
  }

  it('makes, finds and changes queues', async () => {
    const made = await make('orders', { rateLimits: { maxDispatchesPerSecond: 20, maxConcurrentDispatches: 3 } });
    assert.equal(made.name, queueName('orders'));
    assert.equal(made.state, 'RUNNING');
    assert.equal(made.rateLimits.maxConcurrentDispatches, 3);
    assert.equal(made.retryConfig.maxAttempts, 100, 'the documented default');
    await refused(make('orders'), 'ALREADY_EXISTS', /already exists/);

    const [got] = await client.getQueue({ name: made.name });
    assert.deepEqual(got, made);
    await make('parcels');
    const names = [];
    for await (const queue of client.listQueuesAsync({ parent, pageSize: 1 }, oneByOne)) names.push(queue.name);
    assert.deepEqual(names, [queueName('orders'), queueName('parcels')]);

    const [changed] = await client.updateQueue({
      queue: { name: made.name, rateLimits: { maxDispatchesPerSecond: 40 }, retryConfig: { maxAttempts: 7, maxDoublings: 5 } },
      updateMask: { paths: ['rate_limits.max_dispatches_per_second', 'retry_config.max_doublings'] },
    });
    assert.equal(changed.rateLimits.maxDispatchesPerSecond, 40);
    assert.equal(changed.rateLimits.maxConcurrentDispatches, 3, 'not in the mask');
    assert.equal(changed.retryConfig.maxDoublings, 5);
    assert.equal(changed.retryConfig.maxAttempts, 100, 'not in the mask');
  });

  it('sends a task as it was asked to, with the headers of Cloud Tasks', async () => {
    await make('mail');
    const path = `/${id}/mail?to=ada`;
    const [made] = await client.createTask({
      parent: queueName('mail'),
      responseView: 'FULL',
      task: {
        httpRequest: {
          httpMethod: 'PUT', url: target.url(path), body: Buffer.from('a letter').toString('base64'),
          headers: { 'Content-Type': 'text/plain', 'X-Colour': 'blue', 'X-CloudTasks-QueueName': 'forged' },
        },
      },
    });
    assert.match(made.name, new RegExp(`^${queueName('mail')}/tasks/[A-Za-z0-9_-]+$`), 'a name was made');
    assert.equal(made.view, 'FULL');
    assert.equal(Buffer.from(made.httpRequest.body, 'base64').toString(), 'a letter');

    const [request] = await target.arrived(path, 1);
    assert.equal(request.method, 'PUT');
    assert.equal(request.body, 'a letter');
    assert.equal(request.headers['content-type'], 'text/plain');
    assert.equal(request.headers['x-colour'], 'blue');
    assert.equal(request.headers['user-agent'], 'Google-Cloud-Tasks');
    assert.equal(request.headers['x-cloudtasks-queuename'], 'mail');
    assert.equal(request.headers['x-cloudtasks-taskname'], made.name.split('/').pop());
    assert.equal(request.headers['x-cloudtasks-taskretrycount'], '0');
    assert.equal(request.headers['x-cloudtasks-taskexecutioncount'], '0');
    assert.equal(Math.floor(request.headers['x-cloudtasks-tasketa']), Number(made.scheduleTime.seconds));
    assert.equal(request.headers['x-cloudtasks-taskpreviousresponse'], undefined);
    await gone(made.name);
  });

  it('tries again after 500', async () => {
    await make('flaky');
    const { made, path } = await add('flaky', 'twice', { answers: [500, 404] });
    const requests = await target.arrived(path, 3);
    const header = (name) => requests.map((r) => r.headers[`x-cloudtasks-${name}`]);
    assert.deepEqual(header('taskname'), ['twice', 'twice', 'twice']);
    assert.deepEqual(header('taskretrycount'), ['0', '1', '2']);
    assert.deepEqual(header('taskexecutioncount'), ['0', '0', '1'], '5xx does not count');
    assert.deepEqual(header('taskpreviousresponse'), [undefined, '500', '404']);
    assert.ok(requests[1].at - requests[0].at >= 90, 'it waits for minBackoff');
    await gone(made.name);
  });

  it('gives up after maxAttempts', async () => {
    await make('doomed', { retryConfig: { maxAttempts: 2, minBackoff: { nanos: 1e7 } } });
    const { made, path } = await add('doomed', 'never', { answers: [503, 503, 503] });
    await gone(made.name);
    assert.equal(target.requests(path).length, 2);
  });

  it('keeps names apart', async () => {
    await make('names');
    await client.pauseQueue({ name: queueName('names') });
    const { made } = await add('names', 'one');
    await refused(add('names', 'one'), 'ALREADY_EXISTS', /already exists/);
    await client.deleteTask({ name: made.name });
    await refused(client.getTask({ name: made.name }), 'NOT_FOUND', /task/i);
    await refused(add('names', 'one'), 'ALREADY_EXISTS', /already exists/);
  });

  it('pauses, lists, runs and resumes', async () => {
    await make('held');
    const [paused] = await client.pauseQueue({ name: queueName('held') });
    assert.equal(paused.state, 'PAUSED');
    const tasks = await Promise.all(['a', 'b', 'c'].map((task) => add('held', task)));

    const listed = [];
    for await (const task of client.listTasksAsync({ parent: queueName('held'), pageSize: 2 }, oneByOne)) listed.push(task.name);
    assert.deepEqual(listed.sort(), tasks.map((t) => t.made.name));
    const [got] = await client.getTask({ name: tasks[0].made.name });
    assert.equal(got.dispatchCount, 0);
    assert.equal(got.view, 'BASIC');

    const [ran] = await client.runTask({ name: tasks[1].made.name });
    assert.equal(ran.name, tasks[1].made.name);
    await target.arrived(tasks[1].path, 1);
    assert.equal(target.requests(tasks[0].path).length, 0, 'only that one runs');

    const [resumed] = await client.resumeQueue({ name: queueName('held') });
    assert.equal(resumed.state, 'RUNNING');
    await target.arrived(tasks[0].path, 1);
    await target.arrived(tasks[2].path, 1);
    assert.equal(target.requests(tasks[1].path).length, 1);
  });

  it('waits for scheduleTime', async () => {
    await make('later');
    const when = Date.now() + 1500;
    const { made, path } = await add('later', 'tea', { scheduleTime: { seconds: Math.floor(when / 1000), nanos: (when % 1000) * 1e6 } });
    assert.equal(Number(made.scheduleTime.seconds), Math.floor(when / 1000));
    const [request] = await target.arrived(path, 1);
    assert.ok(request.at >= when, `came ${when - request.at} ms too early`);
    assert.ok(request.at < when + 30_000, `came ${request.at - when} ms late`);
    assert.equal(Math.round(request.headers['x-cloudtasks-tasketa'] * 1000), when);
  });

  it('purges and deletes queues', async () => {
    await make('doors');
    await client.pauseQueue({ name: queueName('doors') });
    await add('doors', 'a');
    await add('doors', 'b');
    const [purged] = await client.purgeQueue({ name: queueName('doors') });
    assert.ok(Math.abs(purged.purgeTime.seconds * 1000 - Date.now()) < 60_000);
    const [left] = await client.listTasks({ parent: queueName('doors') });
    assert.deepEqual(left, []);

    await client.deleteQueue({ name: queueName('doors') });
    await refused(client.getQueue({ name: queueName('doors') }), 'NOT_FOUND', /[Qq]ueue/);
    await refused(make('doors'), 'FAILED_PRECONDITION', /existed too recently/);
  });

  it('says what is wrong', async () => {
    await make('strict');
    const create = (httpRequest) => client.createTask({ parent: queueName('strict'), task: { httpRequest } });
    await refused(create({ url: 'ftp://x/' }), 'INVALID_ARGUMENT', /http/);
    await refused(create({ url: 'http://x/', httpMethod: 'GET', body: 'aGk=' }), 'INVALID_ARGUMENT', /body/i);
    await refused(client.createTask({ parent: queueName('nowhere'), task: { httpRequest: { url: 'http://x/' } } }), 'NOT_FOUND', /[Qq]ueue/);
  });

  it('carries almost 1 MiB and no more', async () => {
    await make('large');
    const { path } = await add('large', 'fits', { httpRequest: { url: target.url(`/${id}/large/fits`), body: Buffer.alloc(1_000_000, 'x').toString('base64') } });
    const [request] = await target.arrived(path, 1);
    assert.equal(request.body.length, 1_000_000);
    const body = Buffer.alloc(1_050_000, 'x').toString('base64');
    await refused(add('large', 'bursts', { httpRequest: { url: 'http://x/', body } }), 'INVALID_ARGUMENT', /size/i);
  });

  it('signs ID tokens that its keys verify', async () => {
    await make('signed');
    const url = target.url(`/${id}/signed/one`);
    const { path } = await add('signed', 'one', { httpRequest: { url, oidcToken: { serviceAccountEmail: 'ada@shop.iam.gserviceaccount.com' } } });
    const [request] = await target.arrived(path, 1);
    const claims = await verified(request.headers.authorization.replace('Bearer ', ''));
    assert.equal(claims.email, 'ada@shop.iam.gserviceaccount.com');
    assert.equal(claims.aud, url);
    assert.ok(claims.exp * 1000 > Date.now());
  });

  it('keeps policies', async () => {
    await make('guarded');
    const resource = queueName('guarded');
    const bindings = [{ role: 'roles/cloudtasks.enqueuer', members: ['user:ada@example.com'], condition: null }];
    await client.setIamPolicy({ resource, policy: { bindings } });
    const [policy] = await client.getIamPolicy({ resource });
    assert.deepEqual(policy.bindings.map(({ role, members }) => ({ role, members })), bindings.map(({ role, members }) => ({ role, members })));
  });

  it('is the same service for v2beta3', async () => {
    await make('shared');
    const beta = new v2beta3.CloudTasksClient(options);
    const [queue] = await beta.getQueue({ name: queueName('shared') });
    assert.equal(queue.type, 'PUSH');
    assert.equal(queue.state, 'RUNNING');
    await beta.close();
  });
}

/** The claims of a token, after its signature was checked with the keys that its issuer publishes. */
async function verified(token) {
  const [head, body, signature] = token.split('.');
  const read = (part) => JSON.parse(Buffer.from(part, 'base64url'));
  const { keys } = await json((await json(`${read(body).iss}/.well-known/openid-configuration`)).jwks_uri);
  const key = keys.find(({ kid }) => kid === read(head).kid);
  assert.ok(verify('sha256', `${head}.${body}`, createPublicKey({ key, format: 'jwk' }), Buffer.from(signature, 'base64url')));
  return read(body);
}

const json = async (url) => (await fetch(url)).json();
