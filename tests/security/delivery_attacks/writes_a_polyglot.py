"""Call files what they are not, or more than they are: a page as a table, a table with an archive behind it.

ends: CONTRACT_VIOLATED
"""

import zipfile

secret = open("staff.csv").read()
open("page.csv", "w").write(f"<script>'{secret}'</script>")
open("t.csv", "w").write("a,b\n1,2\n")
with zipfile.ZipFile("t.csv", "a", zipfile.ZIP_DEFLATED) as archive:
    archive.writestr("staff.csv", secret)
