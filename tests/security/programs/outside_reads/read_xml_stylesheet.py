import pandas as pd

print(pd.read_xml("/usr/share/xml/catalog.xml", parser="etree"))
