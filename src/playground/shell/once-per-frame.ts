/** Gathers many changes into one drawing per frame. Pages in the background have few frames or none, so a timer draws there. */

const longestMs = 100;

export function oncePerFrame(draw: () => void): () => void {
  let due = false;
  return () => {
    if (due) return;
    due = true;
    const now = () => {
      if (!due) return;
      due = false;
      cancelAnimationFrame(frame);
      clearTimeout(timer);
      draw();
    };
    const frame = requestAnimationFrame(now);
    const timer = setTimeout(now, longestMs);
  };
}
