if (context.flow == "TARGET_REQ_FLOW") {
  context.targetRequest.headers["X-Flow"] = context.flow;
  context.setVariable("flow.url", context.targetRequest.url);
  context.targetRequest.url = "http://upstream/other%20path?x=1";
  context.targetRequest.body = {"made": "here"};
} else {
  var answer = context.targetResponse;
  answer.headers["X-Flow"] = context.flow;
  answer.headers["X-Was"] = answer.status.code + " " + answer.status.message + " " + (answer.status == 202);
  answer.status.code = 200;
  answer.status.message = "OK";
  answer.content.asJSON = {from: answer.content.asJSON.id};
}
