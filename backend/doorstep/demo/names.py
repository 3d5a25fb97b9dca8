"""Words of our own to make people and places from. Nobody and nowhere in particular is meant."""

from random import Random
from typing import Final

SURNAMES: Final = tuple(
    "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗梁宋郑谢韩唐冯于董萧程曹袁邓许傅沈曾彭吕丛鞠毕邹姜"
)
GIVEN: Final = tuple(
    "伟芳娜敏静丽强磊洋艳勇军杰娟涛明超秀霞平刚桂英华玉兰飞红鑫波斌莉凯峰海燕文建国庆雪梅晓东志远"
    "佳宁思雨子涵欣怡浩然梓轩雅琪俊豪诗婷家乐安康春晖"
)
ROADS: Final = (
    "观海路",
    "渔歌街",
    "灯塔路",
    "松涛路",
    "海月街",
    "文山路",
    "柳堤路",
    "苹果园路",
    "石桥街",
    "望岛路",
    "银滩大道",
    "码头街",
)
COMMUNITIES: Final = (
    "望海小区",
    "金线社区",
    "碧浪小区",
    "松林社区",
    "海韵花园",
    "银杏小区",
    "长堤社区",
    "月湾小区",
    "安澜社区",
    "文苑小区",
    "柳林社区",
    "果园小区",
    "石桥社区",
    "北仓小区",
    "槐荫社区",
    "春晖小区",
    "米山社区",
    "龙泉小区",
    "渔家社区",
    "锚地小区",
    "东港社区",
    "帆影小区",
    "盐田社区",
    "海螺小区",
    "灯塔社区",
    "鸥鸣小区",
    "贝壳社区",
    "星沙小区",
)
VILLAGES: Final = (
    "大疃村",
    "前岛村",
    "后泊村",
    "孙家夼村",
    "南海崖村",
    "柳家庄村",
    "草庙子村",
    "石门口村",
    "崮山村",
    "小西庄村",
    "沙窝岛村",
    "俚南村",
)
NAMED_TWICE: Final = "幸福小区"
"""In two counties at once: what an address may mean is then a question for the customer."""


_TOWN_FIRST: Final = "石柳龙凤金银青白黄崮泽松槐杏云霞"
_TOWN_SECOND: Final = "岛泊河泉桥湾山口门埠庄汀"
_ISLANDS: Final = ("望舟岛", "鸥栖岛")
_COMMUNITY_FIRST: Final = "海金银松文柳星月春秋云霞龙凤鹤鸥珠玉石泉"
_COMMUNITY_SECOND: Final = "湾韵苑林堤岭澜波晖桥港岸风庭"
_COMMUNITY_KINDS: Final = ("小区", "社区", "花园")
_VILLAGE_LANDS: Final = "庄夼疃泊埠沟屯岚崖岭河寨滩口圈湾洼峪套"
_VILLAGE_SIDES: Final = "大小东西南北前后"
_VILLAGE_THINGS: Final = ("石硼", "柳沟", "桥头", "岛子", "泊子", "官庄", "神道", "草场")


def towns(random: Random, *, streets: int, townships: int) -> list[str]:
    """街道 for the first, 镇 for the others, and the two islands last."""
    roots = [first + second for first in _TOWN_FIRST for second in _TOWN_SECOND]
    chosen = random.sample(roots, streets + townships)
    kinds = ["街道"] * streets + ["镇"] * townships
    return [*map(str.__add__, chosen, kinds), *_ISLANDS]


def communities(random: Random, many: int) -> list[str]:
    """Names of housing estates; none stands twice."""
    roots = [first + second for first in _COMMUNITY_FIRST for second in _COMMUNITY_SECOND]
    names = [root + kind for root in roots for kind in _COMMUNITY_KINDS]
    return random.sample(names, many)


def villages(random: Random, many: int) -> list[str]:
    """Names of villages; none stands twice."""
    of_families = [f"{name}家{land}村" for name in SURNAMES for land in _VILLAGE_LANDS]
    others = [f"{side}{thing}村" for side in _VILLAGE_SIDES for thing in _VILLAGE_THINGS]
    return random.sample([*of_families, *others], many)


def person(random: Random) -> str:
    """Two or three characters, most often three."""
    given = random.sample(GIVEN, 2 if random.random() < 0.75 else 1)
    return random.choice(SURNAMES) + "".join(given)


def short(name: str) -> str:
    """What neighbours call a community, if they call it something else; "" if not."""
    stem = name.removesuffix("社区").removesuffix("花园")
    return f"{stem}苑" if stem != name else ""
