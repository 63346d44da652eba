namespace ImgAlign.Checkpoints;

/// <summary>A tensor that every file of a layout has, by which the layout is recognised.</summary>
/// <param name="Name">Its name within the network.</param>
/// <param name="Behind">What must stand before that name, at least; usually nothing.</param>
public readonly record struct Landmark(string Name, string Behind = "");
