context.setVariable("flow.kept", "stays");
throw "no such customer";
