context.setVariable("result", twice(21));
