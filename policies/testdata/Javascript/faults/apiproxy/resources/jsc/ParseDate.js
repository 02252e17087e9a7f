var date = new Date('no date');
date.toISOString();
