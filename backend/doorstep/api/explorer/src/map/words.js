// What the page says, in both of its languages, and how it writes times.

const ZONE = "Asia/Shanghai";
const KEPT_AS = "doorstep.language";

export const LANGUAGES = { zh: "中文", en: "English" };
export const LOCALES = { zh: "zh-CN", en: "en" };

const WORDS = {
  zh: {
    title: "派单地图",
    you: "身份",
    nobody: "未登录",
    dispatcher: "派单员",
    token: "访问令牌",
    tokenFrom: "来自登录接口 SignIn",
    use: "使用",
    explorer: "接口浏览器",
    signIn: "请先以派单员身份登录，再查看当天的行程。",
    notYours: "您没有可以查看的支局。",
    branch: "支局",
    day: "日期",
    couriers: "揽投员",
    unassigned: "待派",
    stops: (n) => `${n} 站`,
    late: (n) => `${n} 站晚点`,
    minutesLate: (n) => `晚 ${n} 分钟`,
    window: "时段",
    eta: "预计到达",
    state: "状态",
    courier: "揽投员",
    moveTo: "改派给",
    choose: "请选择",
    move: "改派",
    frozen: "已出发或已完成，不能改派。",
    asking: "正在改派…",
    given: (stop, courier) => `${stop} 已派给${courier}。`,
    refused: (stop, why) => `${stop} 未改派：${why}`,
    away: "暂时连接不上，正在重试。",
    onDuty: "在班",
    offDuty: "未上班",
    here: (at) => `${at} 手持终端报告的位置`,
    wasHere: (at) => `${at} 最后出现的位置`,
    station: "尚无位置，显示出发点",
    howTo: "把地图上的一站拖到另一位揽投员的路线或名字上即可改派；也可以打开该站，从列表中选择。",
    onTime: "准时",
    tight: "时间紧",
    isLate: "晚点",
    done: "已完成",
    zoomIn: "放大",
    zoomOut: "缩小",
    OFFERED: "待接单",
    ACCEPTED: "已接单",
    EN_ROUTE: "在途",
    ARRIVED: "已到达",
    DONE: "已完成",
    FAILED: "未办成",
    UNASSIGNED: "待派",
  },
  en: {
    title: "The dispatcher's map",
    you: "You are",
    nobody: "nobody",
    dispatcher: "the dispatcher",
    token: "Access token",
    tokenFrom: "from the mutation SignIn",
    use: "use it",
    explorer: "Explorer",
    signIn: "Sign in as a dispatcher to see the day's rounds.",
    notYours: "No branch is yours to see.",
    branch: "Branch",
    day: "Day",
    couriers: "Couriers",
    unassigned: "Nobody's yet",
    stops: (n) => (n === 1 ? "1 stop" : `${n} stops`),
    late: (n) => `${n} late`,
    minutesLate: (n) => `${n} min late`,
    window: "Window",
    eta: "Expected",
    state: "State",
    courier: "Courier",
    moveTo: "Give it to",
    choose: "choose a courier",
    move: "Give it",
    frozen: "Under way or over: it stays where it is.",
    asking: "Asking…",
    given: (stop, courier) => `${stop} now goes to ${courier}.`,
    refused: (stop, why) => `${stop} stays where it was: ${why}`,
    away: "The house does not answer; trying again.",
    onDuty: "on duty",
    offDuty: "off duty",
    here: (at) => `here at ${at}, says the handheld`,
    wasHere: (at) => `last seen here at ${at}`,
    station: "not seen yet: the station",
    howTo:
      "Drag a stop onto another courier's round or name to give it to them; or open the stop and choose from the list.",
    onTime: "on time",
    tight: "tight",
    isLate: "late",
    done: "done",
    zoomIn: "Zoom in",
    zoomOut: "Zoom out",
    OFFERED: "offered",
    ACCEPTED: "accepted",
    EN_ROUTE: "on the way",
    ARRIVED: "at the door",
    DONE: "done",
    FAILED: "in vain",
    UNASSIGNED: "nobody's yet",
  },
};

/** The language chosen last, else the browser's. */
export function languageAtFirst() {
  const kept = localStorage.getItem(KEPT_AS);
  return LANGUAGES[kept] ? kept : navigator.language.startsWith("zh") ? "zh" : "en";
}

export function keepLanguage(language) {
  localStorage.setItem(KEPT_AS, language);
}

/** `say(word, ...)` in a language; `say.time` writes an instant as the bureau's clocks show it. */
export function sayingIn(language) {
  const words = WORDS[language];
  const clock = new Intl.DateTimeFormat(LOCALES[language], {
    timeZone: ZONE,
    hour: "2-digit",
    minute: "2-digit",
    hourCycle: "h23",
  });
  const say = (word, ...about) =>
    typeof words[word] === "function" ? words[word](...about) : words[word];
  say.time = (instant) => clock.format(new Date(instant));
  return say;
}

/** The bureau's day as YYYY-MM-DD. */
export function today() {
  return new Date().toLocaleDateString("sv-SE", { timeZone: ZONE });
}
