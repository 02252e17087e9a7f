// The ways to Cloud Tasks of sluice, each with the options that a user gives to Google's client.
import { PassThroughClient } from 'google-auth-library';
import gax from 'google-gax';

const [host, port] = process.env.SLUICE_TASKS.split(':');

export const ways = {
  'gRPC in clear text': {
    apiEndpoint: host, port: Number(port), sslCreds: gax.grpc.credentials.createInsecure(),
  },
  'REST in clear text': {
    apiEndpoint: host, port: Number(port), protocol: 'http', fallback: true, authClient: new PassThroughClient(),
  },
  // No endpoint: the client goes to cloudtasks.googleapis.com, by way of https_proxy. REST cannot
  // go there, because google-gax 5 gives each request an agent of its own, which shuts the proxy out.
  'gRPC through the HTTPS proxy': { authClient: new PassThroughClient() },
};
