var request = new Request("http://upstream/token?v=1", "POST", {"Content-Type": "text/plain", "X-Many": ["a", "b"]}, "secret=" + context.getVariable("request.queryparam.s"));
var exchange = httpClient.send(request);
exchange.waitForComplete();
if (exchange.isSuccess()) {
  var answer = exchange.getResponse();
  context.setVariable("result", answer.status + " " + answer.headers["X-From"] + " " + answer.content.asJSON.token);
} else {
  context.setVariable("result", "failed: " + exchange.getError() + " " + exchange.getResponse());
}
