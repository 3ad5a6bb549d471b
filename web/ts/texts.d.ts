// The live room's texts in the language this script is built for (`build.mjs`).
declare module "#texts" {
  const texts: Record<string, string | { one?: string; other: string }>;
  export default texts;
}
