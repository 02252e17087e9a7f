var v = context.session["visits"];
context.setVariable("result", v.count + " " + v.from + " " + typeof leaked + " " + context.session.none);
