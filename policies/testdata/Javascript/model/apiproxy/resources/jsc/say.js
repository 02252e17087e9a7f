// Shows the variable of the request flow to the client.
context.proxyResponse.content = context.getVariable("result");
response.status = 200;
