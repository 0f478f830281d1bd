// The dashboard's files and the paths that they are served at. What runs in the browser is in dashboard/, served as it
// stands; its one package comes out of the registry's cache, or out of the compiled program.

import { eTag, ifNoneMatch } from "@std/http/etag";
import uplotCss from "uplot/dist/uPlot.min.css" with { type: "text" };
import uplotJs from "uplot/dist/uPlot.esm.js" with { type: "text" };
import apiJs from "./dashboard/api.js" with { type: "text" };
import cellsJs from "./dashboard/cells.js" with { type: "text" };
import chartsJs from "./dashboard/charts.js" with { type: "text" };
import clusterPageJs from "./dashboard/cluster_page.js" with { type: "text" };
import connectionJs from "./dashboard/connection.js" with { type: "text" };
import domJs from "./dashboard/dom.js" with { type: "text" };
import figuresInSightJs from "./dashboard/figures_in_sight.js" with { type: "text" };
import formatJs from "./dashboard/format.js" with { type: "text" };
import iconSvg from "./dashboard/icon.svg" with { type: "text" };
import indexHtml from "./dashboard/index.html" with { type: "text" };
import mainJs from "./dashboard/main.js" with { type: "text" };
import percentilesJs from "./dashboard/percentiles.js" with { type: "text" };
import repeatJs from "./dashboard/repeat.js" with { type: "text" };
import routeJs from "./dashboard/route.js" with { type: "text" };
import searchJs from "./dashboard/search.js" with { type: "text" };
import sparklineJs from "./dashboard/sparkline.js" with { type: "text" };
import styleCss from "./dashboard/style.css" with { type: "text" };
import tabClientsJs from "./dashboard/tab_clients.js" with { type: "text" };
import tabCurvesJs from "./dashboard/tab_curves.js" with { type: "text" };
import tabFiguresJs from "./dashboard/tab_figures.js" with { type: "text" };
import tabListJs from "./dashboard/tab_list.js" with { type: "text" };
import tabNameJs from "./dashboard/tab_name.js" with { type: "text" };
import tabPageJs from "./dashboard/tab_page.js" with { type: "text" };
import tabRowJs from "./dashboard/tab_row.js" with { type: "text" };
import tabsPageJs from "./dashboard/tabs_page.js" with { type: "text" };
import themeJs from "./dashboard/theme.js" with { type: "text" };
import valuesJs from "./dashboard/values.js" with { type: "text" };
import virtualListJs from "./dashboard/virtual_list.js" with { type: "text" };
import watchJs from "./dashboard/watch.js" with { type: "text" };

interface FileRoute {
  readonly parameters: readonly [];
  readonly GET: (request: Request) => Promise<Response>;
  readonly POST?: never;
}

const SCRIPT = "text/javascript; charset=utf-8";
const STYLE = "text/css; charset=utf-8";

/** Nothing from other hosts, nothing inline, nobody's frame. */
const POLICY = [
  ...["default-src 'none'", "script-src 'self'", "style-src 'self'", "img-src 'self'", "connect-src 'self'"],
  ...["base-uri 'none'", "form-action 'none'", "frame-ancestors 'none'", "require-trusted-types-for 'script'"],
].join("; ");

const scripts = {
  "api.js": apiJs,
  "cells.js": cellsJs,
  "charts.js": chartsJs,
  "cluster_page.js": clusterPageJs,
  "connection.js": connectionJs,
  "dom.js": domJs,
  "figures_in_sight.js": figuresInSightJs,
  "format.js": formatJs,
  "main.js": mainJs,
  "percentiles.js": percentilesJs,
  "repeat.js": repeatJs,
  "route.js": routeJs,
  "search.js": searchJs,
  "sparkline.js": sparklineJs,
  "tab_clients.js": tabClientsJs,
  "tab_curves.js": tabCurvesJs,
  "tab_figures.js": tabFiguresJs,
  "tab_list.js": tabListJs,
  "tab_name.js": tabNameJs,
  "tab_page.js": tabPageJs,
  "tab_row.js": tabRowJs,
  "tabs_page.js": tabsPageJs,
  "theme.js": themeJs,
  "uplot.js": uplotJs,
  "values.js": valuesJs,
  "virtual_list.js": virtualListJs,
  "watch.js": watchJs,
};

/** `/` and `/dashboard/<file>`, to be asked without parameters. */
export const dashboardRoutes: ReadonlyMap<string, FileRoute> = new Map([
  ["/", fileRoute(indexHtml, "text/html; charset=utf-8")],
  ["/dashboard/icon.svg", fileRoute(iconSvg, "image/svg+xml")],
  ["/dashboard/style.css", fileRoute(styleCss, STYLE)],
  ["/dashboard/uplot.css", fileRoute(uplotCss, STYLE)],
  ...Object.entries(scripts).map(([name, script]) => [`/dashboard/${name}`, fileRoute(script, SCRIPT)] as const),
]);

function fileRoute(text: string, contentType: string): FileRoute {
  let tag: Promise<string | undefined> | undefined;
  return {
    parameters: [],
    async GET(request) {
      tag ??= eTag(text);
      const etag = await tag;
      const headers = new Headers({
        // Asked for each time, answered by 304 until another version of the server is there.
        "cache-control": "no-cache",
        "content-security-policy": POLICY,
        "content-type": contentType,
        "referrer-policy": "no-referrer",
        "x-content-type-options": "nosniff",
      });
      if (etag !== undefined) headers.set("etag", etag);
      if (!ifNoneMatch(request.headers.get("if-none-match"), etag)) return new Response(null, { status: 304, headers });
      return new Response(text, { headers });
    },
  };
}
