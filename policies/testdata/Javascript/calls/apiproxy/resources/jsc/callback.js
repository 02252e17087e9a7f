function onComplete(response, error) {
  if (response) {
    context.setVariable("result", "status " + response.status.code + ": " + response.content);
  } else {
    context.setVariable("result", "Woops: " + error);
  }
}
httpClient.get("http://upstream/slow", onComplete);
context.setVariable("flow.before", context.getVariable("result") === null);
