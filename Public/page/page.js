"use strict";
// Sends the chosen picture as it is and shows the PNG that comes back, or the problem's own words.
const element = (id) => document.getElementById(id);

element("picture").addEventListener("submit", async (event) => {
  event.preventDefault();
  const message = element("message");
  const answer = element("answer");
  const view = element("view").value;
  message.textContent = "";
  try {
    const response = await fetch(`/predict-loss?format=png&view=${view}`, { method: "POST", body: element("file").files[0] });
    if (!response.ok) {
      const problem = await response.json();
      throw new Error(problem.detail);
    }
    URL.revokeObjectURL(answer.src);
    answer.src = URL.createObjectURL(await response.blob());
    answer.alt = element("view").selectedOptions[0].text;
    answer.hidden = false;
  } catch (error) {
    answer.hidden = true;
    message.textContent = error.message;
  }
});
