var form = request.body.asForm;
context.setVariable("result", form.vehicle[0] + " " + form["vehicle"][1] + " " + form.vehicle + " " + form.none);
