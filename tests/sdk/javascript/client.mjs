// One ECS client for tests/sdk/javascript.py: a line of JSON in, `{id, call | wait, input}`, a line of JSON out,
// `{id, answer | error}`. `call` names an operation, `wait` one of the SDK's waiters.
import { createInterface } from "node:readline";
import * as sdk from "@aws-sdk/client-ecs";

const client = new sdk.ECSClient({
  endpoint: process.env.KECS_URL,
  region: "us-east-1",
  credentials: { accessKeyId: process.env.KECS_ACCOUNT, secretAccessKey: "secret" },
  maxAttempts: 1,
});

async function carryOut({ call, wait, input }) {
  if (call) return client.send(new sdk[`${call}Command`](input));
  const result = await sdk[`waitUntil${wait}`]({ client, minDelay: 1, maxDelay: 1, maxWaitTime: 120 }, input);
  return { state: result.state };
}

// What is a Date here is `{date: seconds}` there, so that the tests see which members the SDK took for timestamps.
function plain(key, value) {
  return this[key] instanceof Date ? { date: this[key].getTime() / 1000 } : value;
}

for await (const line of createInterface({ input: process.stdin })) {
  const request = JSON.parse(line);
  const reply = { id: request.id };
  try {
    reply.answer = await carryOut(request);
  } catch (error) {
    const { name, message } = error;
    reply.error = { name, message, status: error.$metadata?.httpStatusCode, modelled: error instanceof sdk.ECSServiceException };
  }
  process.stdout.write(JSON.stringify(reply, plain) + "\n");
}
