global using Xunit;

// Tests count live tensors (torch.Tensor.TotalCount), which are the whole process's; libtorch uses all cores anyway.
[assembly: CollectionBehavior(DisableTestParallelization = true)]
