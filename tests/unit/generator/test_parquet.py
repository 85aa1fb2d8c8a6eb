"""A Parquet footer tells columns and rows; whatever else the bytes are, that is said and nothing breaks."""

import base64
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from generator_svc.parquet import MAX_FOOTER_BYTES, NotParquet, is_parquet, read_footer
from generator_svc.profile import PSEUDONYM, Column, profile
from placet.scope import Columns

# Written by pyarrow 21 from a table with a column of each kind, pandas' index among them; packed.
FILE = zlib.decompress(
    base64.b85decode(
        "c-oa#L2DaF6n?Y28n0EwmV{^6ErKY)8r0$>PQa!u1}B$7K`m*LQwYdwWgCkqk}7Rd8+vF%4yE)`C_R)OLTPjCtwn@F"
        "a|)sOH-wNwZUG-nNJ8Jt?0O~dN{JR}H1lTm`{up(y@$@9yKtIWY>}<j@CS+j)xS=?Di?nQ$N<1+onEjdCl@<6gDnQE"
        "$QG9vWqJJ4(yCF-s0}Bh4i*X!zCZg3fPo9sB&LDDWp-u+KmRR+&;EKiIeQr0v7?=6w!hAeYKk?5H=}tS_I?e)4tR4O"
        "0D<rfevxy5i6Kr)S{+NC;ZPk~#T?ns_4||<<{}`8&EBmsBPOwq0pvba;G+&%(yB)Z9<P!PP(rB0&a>kq*!DTx{Ej?$"
        "euP3wz`~t)hCC_OaeTn$SXlys1|-BGfH7CU@k=uw9%Ofn`}nkz?n|p4rTg(}y!)7(5#7kx%WQaZ*hB^t)`%X-rbE0K"
        "PwGtJscf4^LCYdFs_NNWA1A}T^?0VDny{w0VNA&4Tgx8K#(cxp@qEkdqY>FVe*kREfDN<Zy9R7LAsZwie>*zh*fZfw"
        "awn}5%3)m2w&k#s=pj%gI}X`S)qqTv`!c@*4(&I#{2LzQz;YGCp*{avv(v6Xtt6{Bi>6Gs*KGK}47uHH`VGIY7v@!O"
        "r;@9+<UtG9h8I*8YCjZ9OUe@lXtO$9zb(~oGh8$}{h*RXABsy?<cOzM&>VQz`j|ypTayOMv0BZ3zzlt(8NcP<@Y_Ln"
        "r4@Ohme=r^rLSkUydau&+WIDidcE1c>TlOu{w=>%U#{0RmUSJ?ArPl-$=wxDVmWsOXx@!{XE{#!uY^A!;<B*Qda=7C"
        "(;zPh7;FR9_<~DaVaS@3fY}gGM^54G623>o&xUwJrt7~6uJ?wSjOgk*FN*3O;r|iw+7ttGa@$RX#)=+=mRVM~KM_74"
        "VvrHHGm|^+WLzu6MYSl{e+Yj<#6A`Gr);#7X~3;eaJBvv&n5na_{CmJv|bm_Dwxs8&V|=hnjP~0?^*H9?Btd^`C_5k"
        "K2WMxN{<w-SiUFxPa<Aq#UMM}c9W8`T!9XLj1_%Ic2!*;vMz=K{CiG3duO_yo94$V95`~AF033)cV|vKJThI&eFI&j"
        "n`CV(+Q)>yAmZh`xHmstw|%Q@>CT~uzUFs{cv=v53&SlonIGy#IQ+MHPKC_}MW~j$Uhm7BesH4E?Vj*@z0OzVTYj&P"
        "ZKr%@_2lx&)9x-dr#F7!U;OWQ9{*zg52%D$3I"
    )
)
COLUMNS = (
    ("region", "text"),
    ("price", "number"),
    ("pieces", "integer"),
    ("day", "date"),
    ("at", "date"),
    ("open", "boolean"),
    ("cost", "number"),
    ("kind", "text"),
)


def test_columns_have_names_and_types_and_an_index_is_none() -> None:
    table = read_footer(FILE)
    assert table.columns == COLUMNS
    assert (table.others, table.rows) == (2, 3)  # a list and a structure


def test_a_profile_of_parquet_says_so_and_counts_what_it_does_not_name() -> None:
    found = profile("sales.bin", FILE)
    assert found.parquet
    assert tuple((column.name, column.dtype) for column in found.columns) == COLUMNS
    assert (found.rows, found.more_columns, found.problem) == (3, 2, "")


def test_of_parquet_only_granted_columns_are_named() -> None:
    grants = (Columns(input="*.parquet", grant=("price",), mask=("region",)),)
    found = profile("sales.parquet", FILE, grants=grants, sample_rows=3)
    assert found.columns == (Column("region", "text", False, masked=True), Column("price", "number", False))
    assert found.more_columns == 0
    assert "pieces" not in repr(found)
    assert PSEUDONYM not in repr(found)  # values are not looked at, so there is no sample


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"PAR1",
        b"PAR1PAR1PAR1",
        b"PAR1" + b"\0" * 8 + b"PAR1",
        b"PAR1" + b"\x19" * 100 + (100).to_bytes(4, "little") + b"PAR1",
        b"PAR1" + b"\x29\x25\x02\x04\x16\x02\0" + (7).to_bytes(4, "little") + b"PAR1",  # columns are numbers
        b"PAR1" + b"\x1c" * 1000 + (1000).to_bytes(4, "little") + b"PAR1",  # structures without end
        b"PAR1"
        + b"\x29\xf6\xff\xff\xff\xff\x0f" * 9
        + (60).to_bytes(4, "little")
        + b"PAR1",  # 4 billion items
        FILE[:-8] + (MAX_FOOTER_BYTES + 1).to_bytes(4, "little") + b"PAR1",
    ],
)
def test_what_is_no_parquet_file_is_refused(content: bytes) -> None:
    with pytest.raises(NotParquet):
        read_footer(content)


@given(st.lists(st.tuples(st.integers(0, len(FILE) - 9), st.integers(0, 255)), min_size=1, max_size=8))
def test_a_damaged_footer_is_told_or_read_and_breaks_nothing(damage: list[tuple[int, int]]) -> None:
    content = bytearray(FILE)
    for place, byte in damage:
        content[place] = byte
    found = profile("t.parquet", bytes(content))
    assert found.columns or found.problem


def test_a_csv_file_is_no_parquet() -> None:
    assert not is_parquet(b"PAR1,price\n1,2\nPAR1\n")
