using TorchSharp;

namespace ImgAlign.Checkpoints;

/// <summary>Does something with a network and its weights: <see cref="CheckpointBinder.Verify"/> is one.</summary>
/// <param name="network">The network, or the part of one that has a checkpoint of its own.</param>
/// <param name="checkpoint">Where its weights are; open during the call only.</param>
/// <param name="map">How its parameters are named there.</param>
public delegate void WeightUse(torch.nn.Module network, Checkpoint checkpoint, WeightMap map);

/// <summary>Opens the files of a network's weights and hands them over, once for each part that has a checkpoint of its own.</summary>
/// <param name="network">The network.</param>
/// <param name="use">What is done with them.</param>
public delegate void WeightReader<in T>(T network, WeightUse use) where T : torch.nn.Module;
