extension Gallery {
  static let style = """
    :root {
      color-scheme: light dark; --paper: #fff; --ink: #1a1d21; --quiet: #565d66; --line: #d9dde2; --wash: #eef0f3;
    }
    @media (prefers-color-scheme: dark) {
      :root { --paper: #14171a; --ink: #e8eaed; --quiet: #a4abb4; --line: #33383e; --wash: #23272b; }
    }
    * { box-sizing: border-box; }
    body {
      margin: 0 auto; padding: 1.5rem clamp(1rem, 4vw, 3rem) 3rem; max-width: 100rem; background: var(--paper); color: var(--ink);
      font: 1rem/1.5 system-ui, sans-serif;
    }
    h1 { font-size: 1.7rem; line-height: 1.2; margin: 0 0 0.75rem; text-wrap: balance; }
    h2 { font-size: 1.25rem; margin: 2.5rem 0 1rem; padding-top: 1.25rem; border-top: 1px solid var(--line); }
    .lead { max-width: 46rem; margin: 0 0 1rem; }
    dl { display: grid; grid-template-columns: auto 1fr; gap: 0.15rem 1.25rem; margin: 0 0 1rem; }
    dt { color: var(--quiet); }
    dd { margin: 0; }
    .legend { display: flex; flex-wrap: wrap; align-items: center; gap: 0.6rem; margin: 0; color: var(--quiet); font-size: 0.8125rem; }
    .scale { width: 9rem; height: 0.55rem; border-radius: 99px; print-color-adjust: exact; forced-color-adjust: none; }
    ol {
      list-style: none; margin: 0; padding: 0; display: grid; gap: 2rem 1.75rem;
      grid-template-columns: repeat(auto-fill, minmax(min(100%, 20rem), 1fr));
    }
    figure { margin: 0; }
    .panels { display: grid; grid-template-columns: 1fr 1fr; gap: 0.5rem; }
    .panels p { margin: 0.15rem 0 0; color: var(--quiet); font-size: 0.8125rem; }
    .panel {
      position: relative; aspect-ratio: var(--aspect); overflow: hidden; border-radius: 4px;
      background: var(--wash) var(--picture) center / 100% 100% no-repeat; print-color-adjust: exact; forced-color-adjust: none;
    }
    .map, .hidden { position: absolute; inset: 0; width: 100%; height: 100%; }
    .map { image-rendering: pixelated; opacity: 0.55; }
    .hidden { fill: #808080; shape-rendering: crispEdges; }
    figcaption { margin-top: 0.4rem; line-height: 1.4; }
    .path { overflow-wrap: anywhere; }
    .label { color: var(--quiet); }
    .numbers { color: var(--quiet); font-size: 0.875rem; font-variant-numeric: tabular-nums; }
    """
}
