jobs = [1]
for job in jobs:
    jobs.append(job + 1)
