namespace ImgAlign.Checkpoints;

/// <summary>A sign that a checkpoint was distilled to few steps: its weights do not tell, they have the names and shapes of others.</summary>
/// <param name="Distillation">Which way of distillation, as presets name it: <c>lightning</c>, <c>hyper-sdxl</c>.</param>
/// <param name="Steps">The number of steps that it is for; null: the sign does not tell, or there may be several.</param>
/// <param name="Evidence">Where the sign is, such as <c>the file name sdxl_lightning_4step_unet.safetensors</c>; no folder is named.</param>
public sealed record DistillationSign(string Distillation, int? Steps, string Evidence);
