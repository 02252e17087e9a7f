response.content = context.getVariable("result");
