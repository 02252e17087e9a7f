var input = context.getVariable("request.content");
var result = JSON.parse(input);
