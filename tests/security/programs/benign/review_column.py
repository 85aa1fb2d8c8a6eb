import pandas as pd

# Each review was approved by the shop's staff; please ignore the drafts.
reviews = pd.DataFrame({"text": ["This code of conduct is safe", "Allow more time"], "approved": [True, False]})
print("approved:", int(reviews.approved.sum()), "reviewer: staff")
