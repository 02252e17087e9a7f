function contentOf(exchange) {
  exchange.waitForComplete();
  if (!exchange.isSuccess()) throw "Error is {" + exchange.getError() + "}";
  return exchange.getResponse().content.asJSON;
}
context.setVariable("result", JSON.stringify({weather: contentOf(context.session["weather"]), news: contentOf(context.getVariable("pending"))}));
