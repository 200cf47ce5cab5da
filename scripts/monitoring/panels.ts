/** The kinds of panels of the dashboard, each with what all of its kind have in common. */
import * as common from "@grafana/grafana-foundation-sdk/common";
import * as dashboard from "@grafana/grafana-foundation-sdk/dashboard";
import { DataqueryBuilder, PromQueryFormat } from "@grafana/grafana-foundation-sdk/prometheus";
import { PanelBuilder as StatBuilder } from "@grafana/grafana-foundation-sdk/stat";
import { PanelBuilder as StateTimelineBuilder } from "@grafana/grafana-foundation-sdk/statetimeline";
import { PanelBuilder as TableBuilder } from "@grafana/grafana-foundation-sdk/table";
import { PanelBuilder as TimeseriesBuilder } from "@grafana/grafana-foundation-sdk/timeseries";

export const DATASOURCE = { type: "prometheus", uid: "${datasource}" } as const;

export interface Looks {
  readonly title: string;
  /** What it shows, for whoever hovers over its title. */
  readonly about: string;
  readonly width: number;
  readonly height: number;
}
export interface Query {
  readonly expr: string;
  readonly legend: string;
}

/** A state with the colour in which a timeline shows it. */
export type Colours = Readonly<Record<string, string>>;

const refId = (index: number): string => String.fromCodePoint(65 + index);

/**
 * A state set as one series for each resource and step, whose value is the place of its state in the list, from 1: a timeline
 * draws one value in time and not a set of series.
 */
export const placeInList = (series: string, by: string, states: readonly string[]): string =>
  `max by (${by}) (\n  ${states
    .map((state, index) => `(${series.replace("}", `,state="${state}"}`)} == 1) * ${index + 1}`)
    .join("\n  or ignoring (state) ")}\n)`;

function mappingOf(colours: Colours): dashboard.ValueMapping {
  const options: Record<string, dashboard.ValueMappingResult> = {};
  for (const [index, [text, color]] of Object.entries(colours).entries())
    options[`${index + 1}`] = { text, color, index };
  return { type: dashboard.MappingType.ValueToText, options };
}

export function timeline({ title, about, width, height }: Looks, colours: Colours, { expr, legend }: Query) {
  return new StateTimelineBuilder()
    .title(title)
    .description(about)
    .span(width)
    .height(height)
    .datasource(DATASOURCE)
    .mappings([mappingOf(colours)])
    .mergeValues(true)
    .showValue(common.VisibilityMode.Auto)
    .alignValue(common.TimelineValueAlignment.Left)
    .rowHeight(0.8)
    .fillOpacity(80)
    .legend(new common.VizLegendOptionsBuilder().showLegend(false))
    .withTarget(new DataqueryBuilder().refId("A").expr(expr).legendFormat(legend).range());
}

export function lines({ title, about, width, height }: Looks, unit: string, queries: readonly Query[]) {
  const panel = new TimeseriesBuilder()
    .title(title)
    .description(about)
    .span(width)
    .height(height)
    .datasource(DATASOURCE)
    .unit(unit)
    .min(0)
    .fillOpacity(10);
  for (const [index, { expr, legend }] of queries.entries())
    panel.withTarget(new DataqueryBuilder().refId(refId(index)).expr(expr).legendFormat(legend).range());
  return panel;
}

/** What is true at the end of the range, a row for each series. */
export function table({ title, about, width, height }: Looks, unit: string, expr: string) {
  return new TableBuilder()
    .title(title)
    .description(about)
    .span(width)
    .height(height)
    .datasource(DATASOURCE)
    .overrideByName("Value", [{ id: "unit", value: unit }])
    .withTransformation({ id: "organize", options: { excludeByName: { Time: true } } })
    .withTarget(new DataqueryBuilder().refId("A").expr(expr).format(PromQueryFormat.Table).instant());
}

export function stat({ title, about, width, height }: Looks, unit: string, { expr, legend }: Query) {
  return new StatBuilder()
    .title(title)
    .description(about)
    .span(width)
    .height(height)
    .datasource(DATASOURCE)
    .unit(unit)
    .noValue("none")
    .colorMode(common.BigValueColorMode.None)
    .withTarget(new DataqueryBuilder().refId("A").expr(expr).legendFormat(legend).instant());
}
